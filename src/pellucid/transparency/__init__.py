"""What people are told: notices made from the policy in force, published, and kept as they were shown."""
