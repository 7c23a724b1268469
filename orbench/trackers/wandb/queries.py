"""The GraphQL documents that are sent; the fields are those that wandb's own client asks for."""

from __future__ import annotations

__all__ = [
    "CREATE_FILES",
    "EVENTS",
    "FILES",
    "HISTORY_PAGE",
    "PROJECT",
    "RUN",
    "RUNS",
    "SAMPLED_HISTORY",
    "UPSERT_RUN",
    "VIEWER",
]

_RUN_FIELDS = """
fragment RunFields on Run {
  id name displayName state group jobType tags notes createdAt heartbeatAt
  config summaryMetrics historyLineCount eventsLineCount logLineCount historyKeys
  user { username }
}
"""

VIEWER = "query Viewer { viewer { username } }"

PROJECT = """
query Project($project: String!, $entity: String!) {
  viewer { entity }
  project(name: $project, entityName: $entity) { name }
}
"""

RUNS = (
    """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int, $order: String,
           $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges { node { ...RunFields } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""
    + _RUN_FIELDS
)

RUN = (
    """
query Run($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { ...RunFields }
  }
}
"""
    + _RUN_FIELDS
)

SAMPLED_HISTORY = """
query RunSampledHistory($project: String!, $entity: String!, $name: String!,
                        $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { sampledHistory(specs: $specs) }
  }
}
"""
"""The rows that have all keys of a spec, for each spec; both ends of a range of steps are in it."""

HISTORY_PAGE = """
query HistoryPage($entity: String!, $project: String!, $name: String!, $minStep: Int64!,
                  $maxStep: Int64!, $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""
"""Whole rows; the upper end of the range of steps is not in it."""

EVENTS = """
query RunFullHistory($project: String!, $entity: String!, $name: String!, $samples: Int) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { events(samples: $samples) }
  }
}
"""

FILES = """
query RunFiles($project: String!, $entity: String!, $name: String!, $fileCursor: String,
               $fileLimit: Int, $fileNames: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      files(names: $fileNames, after: $fileCursor, first: $fileLimit) {
        edges { node { name directUrl sizeBytes updatedAt } }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""

UPSERT_RUN = """
mutation UpsertBucket($name: String!, $project: String, $entity: String, $groupName: String,
                      $displayName: String, $config: JSONString, $host: String, $tags: [String!],
                      $summaryMetrics: JSONString) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity,
                       groupName: $groupName, displayName: $displayName, config: $config,
                       host: $host, tags: $tags, summaryMetrics: $summaryMetrics}) {
    bucket { id name historyLineCount }
    inserted
  }
}
"""

CREATE_FILES = """
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run,
                         files: $files}) {
    runID uploadHeaders
    files { name uploadUrl }
  }
}
"""
