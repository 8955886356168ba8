/* When a client takes too long: with the rest of a request, with reading its
 * answers, or with a list of which it holds an old snapshot.  Pure; what
 * follows from it is for clients.c. */
#ifndef PM_SERVER_OVERDUE_H
#define PM_SERVER_OVERDUE_H

#include "server/client.h"

/* From when on (mono); 0: nothing is due. */
uint64_t pm_overdue_request(const struct pm_client *client);
/* One that only follows streams may pause: it loses samples, and holds nothing
 * but its buffer. */
uint64_t pm_overdue_reading(const struct pm_client *client);

/* Of the snapshots that the clients' calls hold, only the two newest may live
 * beside the latest: the number of the older of these; 0: there are fewer. */
uint64_t pm_overdue_oldest(const struct pm_client *clients);
/* It is not we that it waits for, and holds one that is older than that. */
bool pm_overdue_list(const struct pm_client *client, uint64_t oldest);
/* It is we, but for long, as its user asks for more than he has time for. */
bool pm_overdue_made(const struct pm_client *client, uint64_t oldest,
                     uint64_t mono);

#endif
