"""Events, commands, queries and resources: all that services share.

One module per service and version (`dramatis_contracts.persona.v1`). Models are hand-written; JSON Schemas are
generated from them and committed under `contracts/schemas`, and every event type has an example under
`contracts/examples`. Nothing here performs I/O or imports another part of Dramatis.
"""
