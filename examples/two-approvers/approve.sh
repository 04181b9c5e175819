# Usage: approve.sh <request id> <shown hash>. Approves what the inbox showed.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: DecisionInput!) { decide(input: $input) { __typename ... on ApprovalRequest { id state votes { decision by { name } } decision { decision by { name via } } } ... on DecisionRefused { code message fix } } }",
    "variables": { "input": { "requestId": "'"$1"'", "shownHash": "'"$2"'", "decision": "APPROVE" } }
  }'
