# Usage: audit-export.sh <run id>. Writes <run id>.audit.ndjson, and verify.mjs, which checks it.
curl -sf -o "$1.audit.ndjson" "$RUNLEDGER_URL/api/v1/runs/$1/audit.ndjson" -H "authorization: Bearer $RUNLEDGER_TOKEN" &&
  curl -sf -o verify.mjs "$RUNLEDGER_URL/api/v1/verify.mjs" -H "authorization: Bearer $RUNLEDGER_TOKEN"
