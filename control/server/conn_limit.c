#include "server/conn_limit.h"

/* The client that has been idle for longest; of that uid, if one is given. */
static struct pm_client *idlest(struct pm_client *clients,
                                const uint32_t *uid) {
  struct pm_client *found = NULL;
  for (struct pm_client *c = clients; c; c = c->next)
    if (!c->dead && !c->calls && (!uid || c->peer->uid == *uid) &&
        (!found || c->last_request < found->last_request))
      found = c;
  return found;
}

/* All clients, or those of one uid. */
static unsigned count(const struct pm_client *clients, const uint32_t *uid) {
  unsigned n = 0;
  for (const struct pm_client *c = clients; c; c = c->next)
    n += !c->dead && (!uid || c->peer->uid == *uid);
  return n;
}

bool pm_conn_limit_admit(struct pm_client *clients, unsigned most,
                         uint32_t uid) {
  if (uid != 0)
    most -= PM_CONN_LIMIT_ROOT;
  bool user_full = uid != 0 && count(clients, &uid) >= PM_CONN_LIMIT_USER;
  if (!user_full && count(clients, NULL) < most)
    return true;
  struct pm_client *leaver = idlest(clients, user_full ? &uid : NULL);
  if (!leaver)
    return false;
  leaver->dead = true;
  return true;
}
