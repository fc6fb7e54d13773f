/** What `limits --help` says beyond the options; lines stay below 100 columns. */
export const LIMITS_HELP = `
Examples:
  watertight limits list
  watertight limits show go-article                each number with where it comes from
  watertight limits for undici --profile go-article
  watertight limits check --client aws-sdk --server minio-server
`

export const LIMITS_CHECK_HELP = `
A place is named by a profile; its options are then set one by one in its own spelling: keepAliveTimeout
for undici and http-server, timeout and maxSockets for an http.Agent and the AWS SDK, IdleConnTimeout for
Go, idle_conn_time for AIStore. A number is ms where the client says ms; 6s and 1m30s are understood too.

--url asks a running server once and reads its Keep-Alive hint; with --measure it also waits for it to
close the idle connection, which is the only word worth believing where there is no hint (Go sends none).

Exit codes:
  0    nothing is wrong (churn and notes do not count)
  1    misconfigured: IDLE_RACE, LIMIT_UNENFORCED, LIMIT_CONTRADICTION, TIMEOUT_INEFFECTIVE, TIMEOUT_MISSING
  2    the server of --url does not answer
  3    misuse: an unknown profile or option, a value out of its bounds

Examples:
  watertight limits check --client undici --client-option keepAliveTimeout=6000 \\
                          --server http-server --server-option keepAliveTimeout=5000
  watertight limits check --client go-article --server minio-server
  watertight limits check --client undici --profile go-article
  watertight limits check --client http-agent-keepalive --url http://127.0.0.1:3000 --measure 30s
`
