/** What `exec --help` says beyond the options; lines stay below 100 columns. */
export const EXEC_HELP = `
When it is judged:
  it ends        unread bodies and queued requests count: exit is not a release
  it hangs       nothing moves behind unread bodies for 2s, or --timeout has passed: WORK_HUNG, and
                 what it waits for by line
  it is idle     it has served a request, none is in flight, and nobody came for --idle-after; then
                 it gets up to --idle-timeout to be back where it was before its first request,
                 and is ended with SIGTERM

Another runtime's program (Go, Python) is judged from outside: by data that waits in its connections,
and by how long they have been quiet. No lines are named then.

The program's output is its own: the report goes to stderr. Its idle keep-alive pools may stay, unless
--idle-timeout says when they must be gone.

Examples:
  watertight exec -- node job.js
  watertight exec -- npm start                          and call it yourself
  watertight exec --load / --ready /health -- node server.js
  watertight exec --repeat 20 --output reports/out -- node job.js
  watertight exec --load /photos/1 --connections 50 --duration 10s --json -- node server.js

Exit codes, the first that applies:
  3    misuse: bad option, or a command that cannot be started
  n    the program's own, when it ended by itself with another than 0 (128 + n for a signal); 13, an
       await that never settled, is WORK_HUNG instead
  1    leaked or misconfigured
  2    inconclusive: for example, nobody called the service
  0    clean
  130  interrupted by Ctrl-C, 143 by SIGTERM: passed on to the program; a second one kills it
`
