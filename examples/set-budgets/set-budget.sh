# Usage: set-budget.sh <WORKSPACE|FLOW|EACH_RUN|RUN> <micro-units, or null> [id of the flow or run]. Takes the scope billing.manage.
limit=null
[ "$2" != null ] && limit="\"$2\""
id=null
[ -n "$3" ] && id="\"$3\""
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: BudgetInput!) { setBudget(input: $input) { ... on Budget { id limit { formatted } } ... on BudgetRefused { code message fix } } }",
    "variables": { "input": { "scope": "'"$1"'", "limitMicroUnits": '"$limit"', "id": '"$id"' } }
  }'
