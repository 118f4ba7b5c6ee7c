"""What migrations of services made of the chassis tables, version by version; for migrations alone.

A version is history: it is never changed, however the model in `chassis.tables` changes. A change of the model
comes with a new module here, and with a migration in each service that calls it.
"""
