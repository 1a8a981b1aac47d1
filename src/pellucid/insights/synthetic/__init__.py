"""Made-up rows in the shape that the policy declares. Pure: nothing here can reach data about people."""
