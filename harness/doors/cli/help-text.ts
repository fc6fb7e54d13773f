/** What --help says beyond the options: it is read in a terminal, so lines stay below 100 columns. */
export const EXIT_CODES_HELP = `
Exit codes, the first that applies:
  3    misuse: bad option, bad configuration, unknown scenario, too old Node
  1    a verdict other than declared
  2    inconclusive, or a required part is missing
  0    every run is as declared (a leaky scenario that leaks is)
  130  interrupted by Ctrl-C, 143 by SIGTERM; what was judged so far is reported`

export const PROGRAM_HELP = `
Examples:
  watertight run                                   all scenarios, on every backend that answers
  watertight run article-batch-copy --variant leaky
  watertight list --json
  watertight report run.json --against base.json   what is worse than it was; also merges shards
  watertight exec -- node app.js                   your own program, judged when it ends, hangs or idles
  watertight attach 4711                           a process or container that runs already, from outside
  watertight limits check --client aws-sdk --server minio-server
  watertight init                                  a configuration and a first scenario for your service
  watertight doctor                                what this machine has, and how to fix what it has not
  watertight help run
${EXIT_CODES_HELP}
`

/** Of commands that judge nothing. */
const exitCodesOf = (done: string, misuse: string): string => `
Exit codes: 0 ${done}; 3 ${misuse}, or a too old Node
`

export const LIST_HELP = exitCodesOf('listed', 'a bad option, configuration or scenario')
export const INIT_HELP = exitCodesOf('written', 'a bad option, or files that are there already or cannot be written')
export const LIMITS_SHOW_HELP = exitCodesOf('printed', 'a bad option, or an unknown profile or client')

export const DOCTOR_HELP = `
ok: it is there. warn: something is lost, and \`watertight run\` can do its job. missing: it cannot.
A kind of backend is only missed when it was asked for: by --require, by the configuration, or by
WATERTIGHT_REQUIRE_DOCKER=1 (minio, fake-gcs and toxiproxy).

Exit codes: 0 ready; 2 a required part is missing; 3 a bad option, or a bad configuration.
`

export const REPORT_HELP = `
Reads what \`watertight run\` wrote (run.json), what --json printed, and the journal of a run that was killed
(journal-....ndjson). The report goes to stdout; --reporter writes files as well.

Several files are merged: runs of the same scenario stand together, and what one shard could not run and
another did is judged. A run that was judged in two of them is refused: the later verdict must not hide
the earlier one.

--against prints what changed instead: runs that are worse (as expected before and not now, or with a worse
verdict), runs that are better, runs that are missing, and a table of times. Times are told, not judged.

Exit codes:
  0    the report was made, whatever it says; with --against: no run is worse
  1    with --against: a run is worse
  2    with --against: none is worse, but a run of the earlier one is missing; or a file could not be written
  3    misuse: a file that cannot be read or is no saved run, a run judged twice

Examples:
  watertight report reports/out/run.json --reporter junit
  watertight report shard-*/run.json --output reports/all
  watertight report reports/out/run.json --against main/run.json
`

export const RUN_HELP = `
A scenario whose backend cannot run here is reported as NOT RUN with the remedy; it fails the run
only if that backend was asked for: by --require, by --backend, or by WATERTIGHT_REQUIRE_DOCKER=1.

The report goes to stdout, progress to stderr. With --json stdout is exactly one JSON document.
The output folder gets run.txt, run.json and run.html, a page that needs nothing but a browser;
--reporter junit writes junit.xml for CI, openmetrics run.prom, markdown run.md for a job's summary;
github also prints annotations, an error at each line that leaked.

Examples:
  watertight run
  watertight run article-batch-copy --variant both --backend minio --json
  watertight run --require minio --bail
  AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... watertight run --backend http://127.0.0.1:9000
${EXIT_CODES_HELP}

Environment:
  WATERTIGHT_MINIO_BIN        a MinIO binary to start as a plain process; no container engine needed
  WATERTIGHT_MINIO_IMAGE      the MinIO image to run instead of the pinned one
  WATERTIGHT_FAKE_GCS_BIN, WATERTIGHT_TOXIPROXY_BIN,
  WATERTIGHT_FAKE_GCS_IMAGE, WATERTIGHT_TOXIPROXY_IMAGE
                              the same of fake-gcs-server and toxiproxy
  WATERTIGHT_REQUIRE_DOCKER   1: exit 2 when a run on minio, fake-gcs or toxiproxy had
                              to be skipped
  DOCKER_HOST                 where the container engine listens
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
                              credentials for --backend <url>
  NO_COLOR, FORCE_COLOR       without colour, or with it in any case
  CI                          plain progress lines instead of a live list
`
