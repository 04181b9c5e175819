#!/bin/sh
# Makes the secrets of a fleet under compose in infra/compose/secrets: once; what is there is kept. Back that folder up.
# The containers run as user 1000, who must own the files: run this as that user, or as root.
set -eu
cd "$(dirname "$0")"
image=${RUNLEDGER_IMAGE:-runledger:0.1.0}
mkdir -p -m 0700 secrets
case $(id -u) in
  0) chown -R 1000:1000 secrets ;;
  1000) ;;
  *)
    echo "The containers run as user 1000 and must own the secrets: run this with sudo." >&2
    exit 1
    ;;
esac
docker run --rm --network none --user 1000:1000 --cap-drop ALL --volume "$PWD/secrets:/secrets" "$image" \
  make-secrets /secrets --database postgres:5432/runledger
