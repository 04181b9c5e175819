# Usage: retry-step.sh <run id> <step> [instructions]. The instructions replace those of the flow, for this attempt only.
instructions="${3:+, \"instructions\": \"$3\"}"
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($runId: ID!, $step: String!, $instructions: String) { retryStep(runId: $runId, step: $step, instructions: $instructions) { __typename ... on Run { id status position } ... on Refusal { code message fix } } }",
    "variables": { "runId": "'"$1"'", "step": "'"$2"'"'"$instructions"' }
  }'
