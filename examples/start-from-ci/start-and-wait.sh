# Starts a run for a commit and waits for its end. Exits with 0 when the run is completed.
#   RUNLEDGER_URL, RUNLEDGER_TOKEN   where, and a token with the scopes flows.read and flows.run
#   COMMIT                           what is to be checked
#   BUILD                            names this build: sent again, it is the same run
set -eu

ask() {
  curl -sS -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' "$@"
}
field() {
  sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'
}

answer=$(ask "$RUNLEDGER_URL/api/v1/trigger" -H "idempotency-key: ci-$BUILD" \
  -d '{ "flow": "nightly", "parameters": { "commit": "'"$COMMIT"'" }, "subject": { "kind": "commit", "id": "'"$COMMIT"'" } }')
run=$(printf %s "$answer" | field runId)
if [ -z "$run" ]; then
  echo "No run was started: $answer" >&2
  exit 1
fi
echo "Run $run"

while :; do
  status=$(ask "$RUNLEDGER_URL/graphql" -d '{ "query": "query ($id: ID!) { run(id: $id) { status } }", "variables": { "id": "'"$run"'" } }' | field status)
  case $status in
    COMPLETED) echo "$status"; exit 0 ;;
    FAILED | REJECTED | CANCELLED | DISCARDED) echo "$status" >&2; exit 1 ;;
  esac
  sleep 1
done
