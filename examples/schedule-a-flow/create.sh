# Makes a schedule, and shows its next five firings.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: ScheduleInput!) { createSchedule(input: $input) { __typename ... on Schedule { id cron timeZone nextFirings } ... on Refusal { code message fix details { path message } } } }",
    "variables": { "input": { "flow": "nightly", "expression": "every weekday at 3am Europe/Vienna", "catchUp": "ONE", "parameters": { "commit": "main" } } }
  }'
