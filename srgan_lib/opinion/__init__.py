"""What people say: a blind study of a run's images, from its page through the answers to scores with intervals.

``design`` and ``stimuli`` make a study, ``page`` the file that raters open; ``answers`` checks and pools what they send
back; ``ratings``, ``raters``, ``agreement`` and ``preferences`` are the statistics; ``simulation`` and ``planning`` say
beforehand what a study can show.
"""
