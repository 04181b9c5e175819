# Usage: create-webhook.sh GENERIC|GITHUB <where the commit stands in the message>. The secret is in this answer and nowhere else.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: WebhookInput!) { createWebhook(input: $input) { __typename ... on CreatedWebhook { secret webhook { id path actions } } ... on Refusal { code message fix details { path message } } } }",
    "variables": { "input": { "flow": "nightly", "kind": "'"$1"'", "mapping": { "commit": "'"$2"'" } } }
  }'
