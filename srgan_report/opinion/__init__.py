"""What people say: a blind study of a run's images, from its page through the answers to scores with intervals.

``study`` is who sees what; ``stimuli`` chooses the images, ``make`` writes the ``page`` that raters open and their
links. ``answers`` checks, pools and decodes what they send back, ``screening`` says who counts; ``ratings`` and
``preferences`` are the statistics, which ``analysis`` puts into tables, ``results`` into the run's folder
with a slide, and ``exhibits`` before readers, with ``figures``. ``simulation`` says beforehand what a study can show.
"""
