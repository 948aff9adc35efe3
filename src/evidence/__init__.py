"""Evidence synthesis of rates: checked tables, rates, pooled answers, forest plots, report.

Everything a notebook needs is importable from here; each name is loaded when it is first used, so
that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "Answer": "questions",
    "Audit": "audit.finding",
    "Band": "plots.marks",
    "CHECK_PLOTS": "plots.checks",
    "Check": "sensitivity.check",
    "DataError": "errors",
    "EvidenceError": "errors",
    "ForestStyle": "plots.style",
    "Model": "pooling.model",
    "PLOTS": "plots.register",
    "Provenance": "plots.export",
    "Question": "tables.toml",
    "STYLES": "plots.style",
    "Synthesis": "pooling.model",
    "SynthesisError": "errors",
    "Tables": "tables.load",
    "add_answer": "plots.more_rows",
    "add_claim": "plots.more_rows",
    "add_excluded": "plots.more_rows",
    "adjusted_plot": "plots.check_rows",
    "answer": "questions",
    "answers": "questions",
    "atlas": "plots.row_family",
    "audit_frame": "audit.finding",
    "audit_tables": "audit.table",
    "baujat_plot": "plots.sensitivity",
    "bias_summary": "plots.bias",
    "bubble": "plots.bubble",
    "caterpillar": "plots.caterpillar",
    "check": "tables.load",
    "check_figures": "plots.checks",
    "check_text": "audit.text",
    "claim_counts": "audit.claims",
    "claim_marks": "audit.claims",
    "coverage_plot": "plots.coverage",
    "cumulative": "plots.row_family",
    "cumulative_orders_plot": "plots.check_rows",
    "double_zeros": "pooling.double_zero",
    "drapery": "plots.drapery",
    "evidence_map": "plots.evidence_map",
    "evidence_table": "questions",
    "explain": "audit.provenance",
    "figure_table": "plots.export",
    "flow": "plots.flow",
    "forest": "plots.forest",
    "forest_rows": "plots.rows",
    "forests": "plots.panels",
    "fragility_plot": "plots.check_rows",
    "funnel": "plots.funnel",
    "glmm_details": "pooling.glmm_details",
    "gosh_plot": "plots.sensitivity",
    "group_rows": "plots.more_rows",
    "headline": "audit.claims",
    "imprecision_plot": "plots.check_rows",
    "influence_plot": "plots.sensitivity",
    "labbe": "plots.labbe",
    "layout_report": "plots.layout",
    "leave_one_out_plot": "plots.sensitivity",
    "ledger": "audit.claims",
    "load": "tables.load",
    "load_questions": "tables.load",
    "load_references": "tables.load",
    "load_scores": "tables.load",
    "load_studies": "tables.load",
    "meta_regression": "pooling.regression",
    "multiverse_plot": "plots.multiverse",
    "number_needed": "pooling.needed",
    "one_row_per_cohort": "pooling.dependence",
    "outlier_sweep_plot": "plots.sensitivity",
    "over_correlation": "questions",
    "overview": "questions",
    "pool": "pooling.model",
    "pool_many": "pooling.many",
    "prior_sensitivity": "pooling.bayes",
    "probability_above": "pooling.bayes",
    "question_forest": "plots.question",
    "rate_table": "questions",
    "readable": "formatting",
    "recover": "recover",
    "recover_change": "changes",
    "save_check_figures": "plots.checks",
    "save_figure": "plots.export",
    "save_figure_table": "plots.export",
    "save_table": "tables.export",
    "sentence": "questions",
    "shrinkage": "plots.row_family",
    "side_by_side": "pooling.listing",
    "sort_rows": "plots.rows",
    "stated_of": "sensitivity.register",
    "stratified_tests": "pooling.mantel_haenszel",
    "study_incidence": "incidence",
    "study_rates": "rates",
    "sturdiness": "sensitivity.register",
    "subgroups": "pooling.subgroups",
    "svg_text": "plots.export",
    "table_flow": "questions",
    "tau2_profile": "plots.tau2_profile",
    "traffic_light": "plots.bias",
    "variance_components": "pooling.variance_components",
    "with_correlation": "changes",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}")
    return getattr(import_module(f"evidence.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
