module runledger/infra/helm/render

go 1.22
