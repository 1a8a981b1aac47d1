"""Cases of law as data: who said what, and what the law answers. For readers: `docs/explanation/law-cases.md`."""
