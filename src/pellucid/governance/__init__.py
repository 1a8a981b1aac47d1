"""The officer's story: putting policies into force."""
