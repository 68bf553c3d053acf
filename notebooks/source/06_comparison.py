# %% [markdown]
# # Comparing settings
#
# *Which setting is best, and would it still be best with another seed?* One training says what happened once. A sweep
# trains the same study many times, with every combination of some parameters and several seeds, so that the effect of a
# parameter can be told from chance. This notebook reads the results of one sweep, compares its runs, and judges every
# difference against the variance over seeds. `srgan sweep` executes it when the runs are finished; by hand it opens any
# sweep under `results/sweeps`. [Notebook 5](05_evaluation.ipynb) explains the metrics.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
sweep_dir = "results/sweeps/adversarial_weight"

# Less often changed.
patch_images = 3
patch_settings = 14

# %%
from html import escape

from IPython.display import Markdown, display

from srgan_lib.params.evaluation import VALIDATION
from srgan_report.sweep import exhibits, findings
from srgan_report.sweep.comparison import open_comparison
from srgan_report.sweep.findings import NOTHING_COMMON

comparison = open_comparison(globals())
factors, rows = comparison.factors, comparison.rows
metrics = findings.computed(rows)

# %% [markdown]
# ## What was varied
#
# All runs begin with the same parameters; a sweep file says what it changes in which run. A *setting* is one
# combination of values, and each setting is run once for every seed. A stage that does not depend on what is varied is
# computed once and shared by all runs.

# %%
files = comparison.manifest["files"]
base = [files["params"], *files["overlays"]]
comparison.table(
    exhibits.varied_table(factors, comparison.manifest["seeds"]), "varied", source="sweep.json",
    caption=f"{comparison.finished.run.nunique()} of {comparison.runs.run.nunique()} runs finished, with "
    f"{comparison.runs.setting.nunique()} settings. What <code>{escape(files['sweep'])}</code> varies over "
    f"<code>{escape(' with '.join(base))}</code>: every combination, with every seed. Look for parameters that "
    "are <em>not</em> listed: they are the same in all runs.",
)

# %% [markdown]
# ## All runs
#
# The score of a run is the mean over the images of a test set. A setting with several seeds has several such scores,
# and their mean comes with Student's 95 % interval,
#
# $$ \bar{y} \pm t_{0.975,\,n-1} \, \frac{s}{\sqrt{n}} , $$
#
# where $n$ is the number of runs and $s$ their standard deviation. A metric that was not computed has no column. Look
# for intervals that do not overlap.

# %%
judged = comparison.finished[comparison.finished.dataset != VALIDATION]
for number, (dataset, group) in enumerate(judged.groupby("dataset", sort=False), 1):
    measured = findings.computed(group)
    comparison.table(
        exhibits.setting_scores(group), f"settings_{number}", source="runs.csv",
        caption=f"{exhibits.extremes(group, measured)} Settings on {escape(dataset)} (images: {group.n.iloc[0]:.0f}).",
    )
    comparison.table(
        exhibits.run_scores(group), f"runs_{number}", source="runs.csv", **exhibits.score_formats(group),
        caption=f"{exhibits.between_seeds(group, measured)} Every run on {escape(dataset)}, the best score of "
        "each column bold. A name leads to the run's own report, which lies beside this one.",
    )

# %% [markdown]
# ## What each parameter does
#
# Seeds decide the initial weights and the crops, and where a data set has no split of its own also the test images.
# Runs of one seed are therefore alike in part, and settings are compared within seeds, by the linear model
#
# $$ y_{as} = \mu_a + \beta_s + \varepsilon_{as} , $$
#
# with a mean $\mu_a$ for each setting $a$, an offset $\beta_s$ for each seed $s$, and what is left, $\varepsilon_{as}$,
# whose standard deviation is the spread over seeds. The effect of going from $a$ to $b$ is $\mu_b - \mu_a$. Its
# interval uses Student's $t$ where the two were chosen beforehand (the smallest and the largest number), and Tukey's
# studentised range where they are the worst and the best of several, because a best that was picked after looking is
# partly luck. A best number between the ends is therefore named beside them and compared with the worst.
#
# In the figures every run is a grey point, with the mean at each value and its 95 % interval over these runs. Look for
# differences that are larger than the intervals, and in maps of two parameters, where bright is better, for rows that
# do not all rise and fall alike: there the two depend on each other.

# %%
for number, factor in enumerate(factors if metrics else [], 1):
    display(Markdown(f"### {factor.short}"))
    comparison.figure(
        exhibits.main_effect(rows, factor, metrics), f"effect_{number}", source="runs.csv",
        caption=f"{exhibits.extremes(rows, metrics, factor)} By <code>{escape(factor.name)}</code>.",
    )
    comparison.table(
        findings.effects(rows, factor), f"effect_{number}", source="runs.csv",
        caption=f"Differences within seeds between levels of <code>{escape(factor.short)}</code>.",
    )

# %%
for name in metrics if len(factors) == 2 else []:
    comparison.figure(
        exhibits.heat_map(rows, *factors, name), f"map_{name}", source="runs.csv",
        caption=f"{exhibits.extremes(rows, [name], *factors)} Means over the seeds for each pair of values.",
    )

# %%
if not metrics:
    comparison.text([NOTHING_COMMON], "nothing_common")

# %% [markdown]
# ## How much is due to the seed?
#
# Two runs of one setting differ by their seeds alone. With the variances $s_a^2$ of the settings pooled over their
# $n_a$ runs,
#
# $$ s^2 = \frac{\sum_a (n_a - 1) \, s_a^2}{\nu} , \qquad \nu = \sum_a (n_a - 1) , $$
#
# single runs of one setting differ by less than $t_{0.975,\nu} \, s \sqrt{2}$ in 19 of 20 cases. A smaller difference
# between single runs of two settings says nothing about the settings.

# %%
comparison.text(findings.seed_variances(rows), "seed_variance")

# %% [markdown]
# ## Learning curves
#
# The curves show whether a setting learns at all, whether it has finished learning, and whether its training is stable.
# The validation images took no part in training and do not judge in the tables above.

# %%
curves = comparison.learning_curves()
comparison.figure(
    exhibits.learning_curves(curves), "learning_curves", source=comparison.save(curves, "learning_curves.csv"),
    caption=f"{exhibits.ends_of_training(curves)} Validation images through training: a line for each run, a "
    "colour for each setting; dashed: bicubic. Look for lines that fall away from the others, where the training "
    "is not stable, and for lines that still rise at their end, where it was too short.",
)

# %% [markdown]
# ## Fidelity against likeness
#
# Whether each pixel is right (PSNR) and whether the image looks like the original (LPIPS) are two questions, and
# settings that answer one well often answer the other worse. They then form no ranking but a front. A run is
# *dominated* if another is at least as good in both measures and better in one; the runs that are not dominated are the
# Pareto front, and every sensible choice lies on it.

# %%
baselines = comparison.baselines()
if "lpips_alex" in metrics:
    baselines_csv = comparison.save(baselines, "baselines.csv")
    comparison.figure(
        exhibits.plane(rows, baselines[baselines.dataset == rows.dataset.iloc[0]]), "plane",
        source=f"runs.csv and {baselines_csv}",
        caption=f"{exhibits.on_the_front(rows)} Every run by its PSNR and its LPIPS; no other beats those on the "
        "front in both. To the right: more faithful; upwards: more like the original to the eye. Look for "
        "settings that lie behind the front with every seed.",
    )
else:
    comparison.text(["Not drawn: it needs LPIPS (alex), which was not computed for all these runs."], "no_plane")

# %%
if len(metrics) > 1 and len(rows) > 2:
    comparison.figure(
        exhibits.metric_pairs(rows, metrics), "metric_pairs", source="runs.csv",
        caption=f"{exhibits.rank_correlations(rows, metrics)} A point for every run, and how each metric is "
        "distributed over the runs. Look for pairs of metrics that rank the settings differently: there the "
        "choice of the metric decides who wins.",
    )

# %% [markdown]
# ## The same patch by every setting
#
# Scores are means over pixels and images; the eye notices what they average away. Each setting's first seed shows the
# same patches here. Look for texture that is in HR too, and for patterns that are not.

# %%
settings = comparison.first_runs()
all_settings = len(settings) == comparison.finished.setting.nunique()
shown = "each setting" if all_settings else f"the first {len(settings)} settings"
crops = comparison.common_crops()
for number, ((dataset, image), files) in enumerate(crops.items(), 1):
    comparison.figure(
        exhibits.patches(files, comparison.manifest["method"]), f"patches_{number}", vector=False,
        source="evaluation/viewer of each run",
        caption=f"The middle of <code>{escape(image)}</code> ({escape(dataset)}) by the first seed of {shown}.",
    )

# %%
if not crops:
    comparison.text(["No test image is shown by all settings."], "no_patches")

# %% [markdown]
# ## Which setting wins
#
# The rule was fixed in the sweep file before anything was computed. The validation images choose, which are no test
# images, and the test images judge the choice once: a setting that was picked by the scores which are then reported
# would owe part of them to luck. A lucky seed gives a network that is better on all images, so from four seeds on half
# of the seeds choose and the others judge. LPIPS with AlexNet features may not choose; it stays an independent judge.

# %%
best = findings.winner(comparison.validation, rows, comparison.manifest["winner_by"]) if factors else None
why = "not all of them have the same validation images" if factors else "nothing but the seed varies"
verdict = best.text if best else f"No setting is named: {why}."
comparison.text([verdict if metrics else NOTHING_COMMON], "winner")

# %% [markdown]
# ## What did not finish

# %%
unfinished = exhibits.unfinished_table(comparison.runs)
if unfinished.empty:
    comparison.text([f"All {comparison.runs.run.nunique()} runs finished."], "unfinished")
else:
    comparison.table(
        unfinished, "unfinished", source="runs.csv",
        caption=f"Not part of the comparison: {len(unfinished)} of {comparison.runs.run.nunique()} runs. The "
        "command of the sweep computes what is missing here, and nothing else. Look for a cause that belongs to "
        "one setting: the comparison then lacks it.",
    )

# %%
comparison.finish(finding=findings.finding(rows, factors), winner=best and best.shown)

# %% [markdown]
# ## Try this
#
# Each exercise is a question and a command that takes an hour and more on a laptop, and continues where it was
# interrupted. Cell: set `sweep_dir` to the folder that it names. Answers and measured figures are in
# [docs/exercises.md](../docs/exercises.md).
#
# 1. *How large is the variance between seeds?* Compare it with the one that was found above. Expect the interval of a
#    mean over eight seeds to be less than half as long as over three: Student's $t$ is smaller, and so is
#    $1/\sqrt{n}$.
#
#    ```
#    srgan sweep params/sweeps/seeds.yaml
#    ```
#
# 2. *Does the ranking depend on the length of the training?* Compare the learning curves with those of the sweep of as
#    many steps as the demo, in exercise 3. Expect settings that learn slowly to catch up.
#
#    ```
#    srgan sweep params/sweeps/adversarial_weight.yaml --name longer -p adversarial.steps=300
#    ```
#
# 3. *Does another rule name another winner?* Cell: `findings.winner(comparison.validation, rows, ["psnr_y"])`; or
#    write `winner: {by: [psnr_y]}` into the sweep file and repeat the command: nothing is trained again. Expect the
#    winner to move along the front, to the right.
#
#    ```
#    srgan sweep params/sweeps/adversarial_weight.yaml
#    ```

# %% [markdown]
# ## References
#
# - J. W. Tukey, "Comparing individual means in the analysis of variance", Biometrics 5(2), 1949.
# - X. Bouthillier et al., "Accounting for Variance in Machine Learning Benchmarks", MLSys 2021,
#   [arXiv:2103.03098](https://arxiv.org/abs/2103.03098).
