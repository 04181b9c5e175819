# Usage: decide.sh <request id> <shown hash>. Approves what was shown; anything else is refused with SHOWN_CHANGED.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: DecisionInput!) { decide(input: $input) { __typename ... on ApprovalRequest { id state decision { decision comment decidedAt by { name via } } } ... on DecisionRefused { code message request { decision { decision decidedAt } } } } }",
    "variables": { "input": { "requestId": "'"$1"'", "shownHash": "'"$2"'", "decision": "APPROVE", "comment": "Fine by me." } }
  }'
