# Usage: create.sh <condition>. Checks again, at the same commit, whenever a run that fits is complete.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: EventTriggerInput!) { createEventTrigger(input: $input) { __typename ... on EventTrigger { id status } ... on Refusal { code message fix details { path message fix } } } }",
    "variables": { "input": { "event": "RunCompleted", "condition": "'"$1"'", "flow": "nightly", "mapping": { "commit": "parameters.commit" } } }
  }'
