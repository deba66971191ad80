"""A substation fails, many times with the same luck: who loses, and by how much?"""

from scenarios import compare, load

plan = load("outage", area="town", citizens=2_000)
result = compare(plan, replications=8)  # common random numbers
print(result.summary())  # verdict, difference, 95 % interval, unit

dark = result["outage_customer_hours"].by("neighbourhood").worst(5).to_frame()
print(dark[["alternative", "code", "difference", "low", "high", "verdict"]].to_string())

run = plan.run(seed=7)  # one run, with its folder
print(run.to_frame()[["label", "group", "value", "unit"]].head(8).to_string())
print(run.series("link").to_pandas().nlargest(3, "delay"))
print(run.events("grid").to_pandas().kind.value_counts())
