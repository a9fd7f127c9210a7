"""Readers of the generated Stata and R scripts that are not the code that writes them.

R is R itself; where fixest is not installed its `feols` is played by base R's QR with dummy
variables, so that parsing, reading, selection and arithmetic are still R's. Stata's few commands
are carried out with pandas, which selects the rows and says which regression was asked for.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

_STAND_IN = r"""
if (!requireNamespace("fixest", quietly = TRUE)) {
  library <- function(...) invisible(NULL)
  packageVersion <- function(...) numeric_version("0.13.2")
  ssc <- function(K.adj, K.fixef, G.adj) list(K.adj, K.fixef, G.adj)
  etable <- fitstat <- function(...) "not without fixest"
  feols <- function(fml, data, cluster = NULL, vcov = "iid", ssc, fixef.rm = NULL) {
    whole <- paste(deparse(fml, width.cutoff = 500L), collapse = " ")
    parts <- trimws(strsplit(whole, "|", fixed = TRUE)[[1]])
    sides <- function(text) lapply(strsplit(text, "~")[[1]], function(s)
      setdiff(trimws(strsplit(s, "+", fixed = TRUE)[[1]]), "1"))
    main <- sides(parts[1])
    instrumented <- grep("~", parts[-1], value = TRUE)
    iv <- if (length(instrumented)) sides(instrumented) else list(character(), character())
    effects <- setdiff(parts[-1], instrumented)
    effects <- if (length(effects)) trimws(strsplit(effects, "+", fixed = TRUE)[[1]]) else NULL
    group <- if (!is.null(cluster)) all.vars(cluster)
    used <- unique(c(unlist(main), unlist(iv), effects, group))
    stopifnot(used %in% names(data))
    data <- data[complete.cases(data[used]), ]
    if (length(effects)) { stopifnot(identical(fixef.rm, "singleton")); repeat {
      single <- function(e) table(data[[e]])[as.character(data[[e]])] == 1
      alone <- Reduce(`|`, lapply(effects, single))
      if (!any(alone)) break
      data <- data[!alone, ]
    } }
    dummies <- matrix(1, nrow(data), 1)
    for (e in effects) dummies <- cbind(dummies, model.matrix(~ factor(data[[e]]))[, -1])
    out <- function(names) {
      m <- as.matrix(data[names]); storage.mode(m) <- "double"
      qr.resid(qr(dummies), m)
    }
    # collin.tol: the pivot of X'X, in the columns' own units
    told <- function(m) stopifnot(diag(chol(crossprod(m)))^2 > 1e-9)
    y <- out(main[[1]]); x <- out(c(iv[[1]], main[[2]])); z <- out(c(iv[[2]], main[[2]]))
    told(x); told(z)
    sx <- sqrt(colMeans(x^2)); sz <- sqrt(colMeans(z^2))
    xs <- sweep(x, 2, sx, "/"); fitted <- qr.fitted(qr(sweep(z, 2, sz, "/")), xs)
    b <- qr.coef(qr(fitted), y); u <- as.vector(y - xs %*% b); n <- length(u)
    bread <- solve(crossprod(fitted)); k <- ncol(x) + 1
    nested <- function(e) !is.null(group) && all(tapply(data[[group]], data[[e]],
      function(g) length(unique(g)) == 1))
    for (e in effects) if (!nested(e)) k <- k + length(unique(data[[e]])) - 1
    v <- if (!is.null(group)) {
      s <- rowsum(fitted * u, as.character(data[[group]])); g <- nrow(s)
      bread %*% crossprod(s) %*% bread * g / (g - 1) * (n - 1) / (n - k)
    } else if (vcov == "hetero") {
      bread %*% crossprod(fitted * u) %*% bread * n / (n - k)
    } else bread * sum(u^2) / (n - k)
    label <- c(if (length(iv[[1]])) paste0("fit_", iv[[1]]), main[[2]])
    v <- matrix(v / outer(sx, sx), length(label), dimnames = list(label, label))
    found <- list(coefficients = setNames(as.vector(b) / sx, label), n = n, v = v)
    structure(found, class = "standin")
  }
  vcov.standin <- function(object, ...) object$v
  nobs.standin <- function(object, ...) object$n
}
"""
_DUMP = r"""
for (column in names(models)) {
  m <- models[[column]]
  for (term in names(coef(m)))
    cat("FOUND", column, term, format(coef(m)[[term]], digits = 17),
        format(sqrt(vcov(m)[term, term]), digits = 17), nobs(m), "\n", sep = "\t")
}
"""


def rscript() -> str | None:
    return shutil.which("Rscript")


def run_source(script: Path, further: str = "") -> str:
    """What R prints when it runs the script, in the script's folder, and `further` after it."""
    done = subprocess.run(
        ["Rscript", "--vanilla", "/dev/stdin"],
        input=_STAND_IN + script.read_text(encoding="utf-8") + further,
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def run_r(script: Path) -> pd.DataFrame:
    """What R estimates: rows of column, term, estimate, std_error and n_obs."""
    printed = run_source(script, _DUMP)
    rows = [line.split("\t")[1:6] for line in printed.splitlines() if line.startswith("FOUND")]
    return pd.DataFrame(
        [
            {"column": column, "term": term.removeprefix("fit_")}
            | {"estimate": float(b), "std_error": float(s), "n_obs": int(n)}
            for column, term, b, s, n in rows
        ]
    )


@dataclass(frozen=True)
class StataRegression:
    """One estimation command of a .do file, and the rows it was given."""

    heading: str
    command: str
    outcome: str
    regressors: tuple[str, ...]
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    absorb: tuple[str, ...]
    options: str
    data: pd.DataFrame


def run_stata(script: Path) -> list[StataRegression]:
    """The regressions of a .do file in order; every name must exist and every line be known."""
    data, kept, heading = pd.DataFrame(), pd.DataFrame(), ""
    found = []
    for line in script.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if line.startswith("* Column "):
            heading = line.removeprefix("* Column ")
        if not words or line.startswith("*") or words[0] in ("version", "clear", "set"):
            continue
        if words[0] == "use":
            data = pd.read_stata(script.parent / line.split('"')[1])
        elif words[0] == "egen":
            name, column = re.fullmatch(r"egen long (\w+) = group\((\w+)\)", line).groups()
            data[name] = data[column].replace("", None).rank(method="dense")
        elif words[0] == "tsset":
            assert words[1:] == ["id_province", "year"] and not data.duplicated(words[1:]).any()
        elif words[0] == "generate":
            data[words[2]] = _generated(data, line.partition(" = ")[2])
        elif words[0] == "preserve":
            kept = data
        elif words[0] == "restore":
            data = kept
        elif words[0] == "keep":
            data = data[_where(data, line.removeprefix("keep if "))]
        elif words[0] in ("reghdfe", "regress", "ivreghdfe", "ivreg2"):
            found.append(_regression(heading, line, data))
        else:
            assert words[0] in ("estimates", "tabstat", "foreach", "capture", "summarize",
                                "display", "}"), line  # fmt: skip
            if words[0] == "tabstat":
                assert set(line.partition(",")[0].split()[1:]) <= set(data.columns)
    return found


def _where(data: pd.DataFrame, condition: str) -> pd.Series:
    """Stata's & binds closer than its |."""
    result = pd.Series(False, index=data.index)
    for alternative in condition.split(" | "):
        every = pd.Series(True, index=data.index)
        for part in alternative.split(" & "):
            missing = re.fullmatch(r"!missing\((.+)\)", part)
            if missing:
                columns = data[missing[1].split(", ")]
                every &= columns.notna().all(axis=1) & ~(columns == "").any(axis=1)
                continue
            every &= _compared(data, part)
        result |= every
    return result


def _compared(data: pd.DataFrame, text: str) -> pd.Series:
    name, sign, value = re.fullmatch(r"(\w+) (==|!=|<=|>=) (.+)", text).groups()
    other = value.strip('"') if value.startswith('"') else float(value)
    column = data[name]
    # missing is larger than any number in Stata
    column = column.fillna(float("inf")) if not isinstance(other, str) else column
    return {"==": column == other, "!=": column != other, "<=": column <= other,
            ">=": column >= other}[sign]  # fmt: skip


def _generated(data: pd.DataFrame, expression: str) -> pd.Series:
    expression, _, condition = expression.partition(" if ")
    product = pd.Series(1.0, index=data.index)
    for factor in expression.split(" * "):
        lag = re.fullmatch(r"([LF])(\d+)\.(\w+)", factor)
        if lag:
            steps = int(lag[2]) * (1 if lag[1] == "L" else -1)
            before = data[["id_province", "year", lag[3]]].assign(year=data["year"] + steps)
            joined = data[["id_province", "year"]].merge(before, how="left", validate="1:1")
            product *= joined[lag[3]].to_numpy()
        elif factor.isdigit():
            product *= float(factor)
        elif factor.startswith("("):
            product *= _compared(data, factor[1:-1]).astype(float)
        else:
            product *= data[factor]
    return product.where(_where(data, condition)) if condition else product


def _regression(heading: str, line: str, data: pd.DataFrame) -> StataRegression:
    body, _, options = line.partition(", ")
    command, outcome, rest = body.split(" ", 2)
    endogenous = instruments = ()
    bracket = re.match(r"\(([\w ]+) = ([\w ]+)\) ?", rest)
    if bracket:
        endogenous, instruments = tuple(bracket[1].split()), tuple(bracket[2].split())
        rest = rest[bracket.end() :]
    absorbed = re.search(r"absorb\(([\w ]+)\)", options)
    one = StataRegression(
        heading, command, outcome, tuple(rest.split()), endogenous, instruments,
        tuple(absorbed[1].split()) if absorbed else (), options, data,
    )  # fmt: skip
    named = {outcome, *one.regressors, *endogenous, *instruments, *one.absorb}
    assert named <= set(data.columns), named - set(data.columns)
    assert all(name.isascii() and len(name) <= 32 for name in named)
    assert command.startswith("iv") == bool(endogenous)
    assert ("hdfe" in command) == bool(absorbed)
    return one
