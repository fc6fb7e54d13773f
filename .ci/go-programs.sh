# The servers that are built from their vendors' Go modules, because no registry has a current image of them; sourced after common.sh.
GO_BUILD_FLAGS=(-trimpath -ldflags '-s -w')
GO_PROGRAMS=(toxiproxy fake-gcs minio)

# go_program <name>: sets module (one pin for binary, image and fixtures/; a test compares them), image and how long a cold build takes.
go_program() {
  case "$1" in
    # The newest commit of MinIO's own Go module that builds.
    minio) module='github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c' image='watertight/minio:20260212201848-7aac2a2c5b7c' takes='2 to 4 minutes' ;;
    fake-gcs) module='github.com/fsouza/fake-gcs-server@v1.56.1' image='watertight/fake-gcs:1.56.1' takes='a minute' ;;
    toxiproxy) module='github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0' image='watertight/toxiproxy:2.5.0' takes='some seconds' ;;
    *) die "no program '$1': it takes ${GO_PROGRAMS[*]}" ;;
  esac
}
