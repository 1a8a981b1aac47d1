"""How answers leave: noise, budgets, and the Release itself."""
