"""Webhooks: messages to owners' own servers, as Standard Webhooks 1.0 describes them.

`outbox` writes them with the state change, `deliveries` says which are due and what became of them,
`messages` makes what is sent, `endpoints` and `secrets` are what owners write; `workers.webhooks` does the
sending.
"""
