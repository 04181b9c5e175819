# Usage: look.sh <run id>. Shows where a run stands, why, what it waits for, and what you may do with it and with each step.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($id: ID!) { run(id: $id) { status statusReason availableActions waitingOn { kind what since until } timeline { key state summary availableActions error { code message fix } attempts { number outcome } artifacts { path } } lineage { retryOf { id } retries { id } rerunOf { step run { id } } reruns { step run { id } } } } }",
    "variables": { "id": "'"$1"'" }
  }'
