"""What people are told: notices made from the policy, how their data were used, and messages."""
