/** What `attach --help` says beyond the options; lines stay below 100 columns. */
export const ATTACH_HELP = `
Whom: a pid (its children count too), or a container by name or id. Several are one system: a connection
between two of them is one connection, and each is a layer with a verdict of its own. Give layers a name:
proxy=4711 target=4712.

What is seen from outside: sockets by state and origin, what lies in their queues and when their last
byte went, descriptors, and goroutines where --goroutines says where to ask. Not seen: lines of code.
  data that nobody fetches for 2s   UNREAD_BODY; with every connection of a pool so: blocked at the next
  CLOSE_WAIT                        PEER_CLOSED
  idle beyond --idle-timeout        IDLE_PAST_DEADLINE; callers' connections only when it is given
  idle, and not so long yet         inconclusive: a small body nobody read looks the same

Examples:
  watertight attach 4711
  watertight attach --idle-timeout 20s --for 25s my-minio
  watertight attach proxy=4711 target=4712 --shown-idle 20s --live
  watertight attach 4711 --inspect
  watertight attach 4711 --goroutines http://127.0.0.1:6060/debug/pprof/goroutine?debug=1 --json

Exit codes, the first that applies:
  3    misuse: bad option, no such process, no such container
  1    leaked or misconfigured
  2    inconclusive, or it may not be looked at
  0    clean
  130  interrupted by Ctrl-C, 143 by SIGTERM: what was seen so far is reported
`
