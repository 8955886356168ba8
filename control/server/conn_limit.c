#include "server/conn_limit.h"

/* The client that has been idle for longest; of that user, if one is given. */
static struct pm_client *idlest(struct pm_client *clients,
                                const pm_peer_user *user) {
  struct pm_client *found = NULL;
  for (struct pm_client *c = clients; c; c = c->next)
    if (!c->dead && !c->calls && !pm_frame_ready(&c->in) &&
        (!user || c->peer->user == *user) &&
        (!found || c->last_request < found->last_request))
      found = c;
  return found;
}

/* All clients, or those of one user. */
static unsigned count(const struct pm_client *clients,
                      const pm_peer_user *user) {
  unsigned n = 0;
  for (const struct pm_client *c = clients; c; c = c->next)
    n += !c->dead && (!user || c->peer->user == *user);
  return n;
}

bool pm_conn_limit_admit(struct pm_client *clients, unsigned most,
                         pm_peer_user user, struct pm_client **leaver) {
  *leaver = NULL;
  if (user != PM_PEER_USER_ROOT)
    most -= PM_CONN_LIMIT_ROOT;
  bool user_full =
      user != PM_PEER_USER_ROOT && count(clients, &user) >= PM_CONN_LIMIT_USER;
  if (!user_full && count(clients, NULL) < most)
    return true;
  *leaver = idlest(clients, user_full ? &user : NULL);
  return *leaver != NULL;
}
