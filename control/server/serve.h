/* One client at a time: reads its requests, has its calls write while it takes
 * their output, in turns by user.  For the control thread only. */
#ifndef PM_SERVER_SERVE_H
#define PM_SERVER_SERVE_H

#include "server/clients_state.h"

/* The loop's: it can be read or written. */
void pm_serve_ready(struct pm_watch *watch, uint32_t events);
/* Lets the client's calls write while it takes their output, and its user has
 * time. */
void pm_serve_write(struct pm_clients *clients, struct pm_client *client);
/* Watches for what it can use next; sets dead if that is nothing. */
void pm_serve_watch(struct pm_clients *clients, struct pm_client *client);
/* Serves one client of each user that asks.  False: nobody asks any more, or
 * has time for it. */
bool pm_serve_turns(struct pm_clients *clients);
/* Is there something left that its user has no time for now? */
bool pm_serve_has_more(const struct pm_client *client);

#endif
