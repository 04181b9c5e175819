# Usage: rotate-secret.sh <webhook id> <minutes for which the secret before is good as well>. The new secret is in this answer and nowhere else.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($id: ID!, $minutes: Int!) { rotateWebhookSecret(id: $id, overlapMinutes: $minutes) { __typename ... on RotatedWebhookSecret { secret webhook { previousSecretUntil } } ... on Refusal { code message fix } } }",
    "variables": { "id": "'"$1"'", "minutes": '"$2"' }
  }'
