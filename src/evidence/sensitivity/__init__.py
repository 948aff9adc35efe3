"""How sturdy an answer is: what each study, method and inclusion rule does to it."""
