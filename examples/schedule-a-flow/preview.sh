# Usage: preview.sh <words or cron>. When would this fire? Makes nothing.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($when: String!) { schedulePreview(expression: $when) { __typename ... on SchedulePreview { cron timeZone notes next } ... on Refusal { code message fix } } }",
    "variables": { "when": "'"$1"'" }
  }'
