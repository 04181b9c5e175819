# Usage: set-plan.sh <FREE|TEAM|BUSINESS>. Takes the scope billing.manage.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{ "query": "mutation ($plan: Plan!) { setPlan(plan: $plan) { plan } }", "variables": { "plan": "'"$1"'" } }'
