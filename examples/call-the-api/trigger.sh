# Starts a run over REST. The status says how it went: 202 started, 200 was started before, 409 and 422 refused.
curl -s -w '\n%{http_code}\n' -X POST "$RUNLEDGER_URL/api/v1/trigger" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -H 'idempotency-key: nightly-2026-11-21' \
  -d '{ "flow": "hello", "parameters": { "who": "Grace" }, "subject": { "kind": "ticket", "id": "T-17" } }'
