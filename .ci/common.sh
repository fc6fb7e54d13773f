# Shared by the scripts of this folder; sourced, not run.
CACHE_DIR="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/watertight"
DOCKERD_PID_FILE="$CACHE_DIR/dockerd.pid"
DOCKERD_LOG="$CACHE_DIR/dockerd.log"

mkdir -p "$CACHE_DIR"

# stderr, so that a script can print its one result (a path, an image name) on stdout.
say() { printf '[ci] %s\n' "$*" >&2; }
die() {
  say "FAILED: $*"
  exit 1
}

# step <what it does> <command...>: says it, runs it, says how long it took; its failure is ours.
step() {
  local what=$1 started=$SECONDS code=0
  shift
  say "$what ..."
  # not `if "$@"` nor `"$@" || ...`: both would switch `set -e` off inside a function
  set +e
  (
    set -e
    "$@"
  )
  code=$?
  set -e
  [ "$code" -eq 0 ] || die "$what (exit code $code after $((SECONDS - started)) s)"
  say "$what: done in $((SECONDS - started)) s"
}

# install_packages <name...>: Debian's packages; its output is shown only when it fails.
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  {
    apt-get -qq -o DPkg::Lock::Timeout=120 update
    apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
  } >"$CACHE_DIR/apt.log" 2>&1 </dev/null || {
    tail -n 20 "$CACHE_DIR/apt.log" >&2
    die "apt-get install $*"
  }
}

engine_answers() { timeout 5 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

find_go() {
  command -v go >/dev/null 2>&1 || export PATH="$PATH:/usr/local/go/bin"
  command -v go >/dev/null 2>&1 || die 'no Go toolchain: neither `go` on PATH nor /usr/local/go/bin/go'
}
