"""An identity provider: a page on which a person of paper is recognised, or not."""
