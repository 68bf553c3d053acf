"""What a notebook offers to a person at the keyboard: panels with sliders, and a training that draws itself.

Nothing here decides a result, and nothing here is imported where a notebook is executed without a person.
"""
