"""How a service runs: transactions, outbox, inbox, consumers, timers, HTTP edge, telemetry. No business word."""
