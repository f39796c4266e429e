"""What calls cost: prices, the ledger, budgets, forecasts, alerts."""
