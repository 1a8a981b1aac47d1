"""Privacy laws as data, and what they say of a purpose, a deadline or a right. Pure; not legal advice.

Each pack is one law in our own words: every figure with its citation, whether somebody read it in a source, the dates
between which it holds, and how it combines with the same figure of other laws. Only packs the controller signed off
(`Laws.packs`) decide; drafts inform. A figure nobody verified may tighten an answer, never permit or lengthen.
"""
