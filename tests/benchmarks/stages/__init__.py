"""How well each stage of the pipeline does where the truth is known; one module a stage."""
