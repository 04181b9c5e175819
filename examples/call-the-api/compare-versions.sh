# What changed from version 1 of the flow `hello` to the version that is named: sh compare-versions.sh 2
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($to: Int!) { flowVersionDiff(flowId: \"flow_hello\", from: 1, to: $to) { fields { path before after } steps { key kind fields { path before after } } text } }",
    "variables": { "to": '"$1"' }
  }'
