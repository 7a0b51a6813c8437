//! `limits`: what is left of the allowances.

use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call};
use super::errors::Failure;
use super::org::Org;

/// Allowances that the sandbox never draws on, as in a new organisation.
const UNTOUCHED: [(&str, u64); 43] = [
    ("AnalyticsExternalDataSizeMB", 40_960),
    ("BOZosCalloutHourlyLimit", 20_000),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentEinsteinDataInsightsStoryCreation", 5),
    ("ConcurrentEinsteinDiscoveryStoryCreation", 2),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAnalyticsUploadedFilesSizeMB", 51_200),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyDurableGenericStreamingApiEvents", 10_000),
    ("DailyDurableStreamingApiEvents", 10_000),
    ("DailyEinsteinDataInsightsStoryCreation", 1_000),
    ("DailyEinsteinDiscoveryPredictAPICalls", 50_000),
    ("DailyEinsteinDiscoveryPredictionsByCDC", 500_000),
    ("DailyEinsteinDiscoveryStoryCreation", 100),
    ("DailyFunctionsApiCallLimit", 50_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyStandardVolumePlatformEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DailyWorkflowEmails", 100_000),
    ("DurableStreamingApiConcurrentClients", 20),
    ("FileStorageMB", 1_073),
    ("HourlyAsyncReportRuns", 1_200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5_000),
    ("HourlyDashboardStatuses", 999_999_999),
    ("HourlyLongTermIdMapping", 100_000),
    ("HourlyManagedContentPublicRequests", 50_000),
    ("HourlyODataCallout", 1_000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlyPublishedStandardVolumePlatformEvents", 1_000),
    ("HourlyShortTermIdMapping", 100_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 1_000),
    ("MassEmail", 5_000),
    ("MonthlyEinsteinDiscoveryStoryCreation", 500),
    ("MonthlyPlatformEventsUsageEntitlement", 0),
    ("Package2VersionCreates", 6),
    ("Package2VersionCreatesWithoutValidation", 500),
    ("PermissionSets", 1_500),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", 0),
    ("SingleEmail", 5_000),
    ("StreamingApiConcurrentClients", 20),
];

/// A record counts as 2 KB of storage.
const RECORDS_PER_MB: usize = 512;
/// Storage for records, in MB.
const DATA_STORAGE_MB: usize = 1_073;

impl Org {
    /// `GET limits`.
    pub(crate) fn limits(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let limit = |max: u64, used: u64| json!({"Max": max, "Remaining": max.saturating_sub(used)});
        let mut limits = Map::new();
        let used = self.usage.count(self.now);
        limits.insert("DailyApiRequests".to_owned(), limit(self.quirks.daily_api_requests.into(), used));
        let records: usize = (0..self.schema.objects.len()).map(|object| self.store.rows(object).count()).sum();
        let left = DATA_STORAGE_MB.saturating_sub(records / RECORDS_PER_MB);
        limits.insert("DataStorageMB".to_owned(), json!({"Max": DATA_STORAGE_MB, "Remaining": left}));
        let (batches, jobs) = (self.bulk.batches.count(self.now), self.bulk.query_jobs.count(self.now));
        limits.insert("DailyBulkApiBatches".to_owned(), limit(15_000, batches));
        limits.insert("DailyBulkV2QueryJobs".to_owned(), limit(10_000, jobs));
        limits.insert("DailyBulkV2QueryFileStorageMB".to_owned(), limit(976_562, self.bulk.query_bytes / 1_000_000));
        limits.extend(UNTOUCHED.iter().map(|(name, max)| ((*name).to_owned(), limit(*max, 0))));
        limits.sort_keys();
        Ok(Answer::ok(Json::Object(limits)))
    }

    /// `GET limits/recordCount?sObjects=Account,Contact`; objects that have no records are left out.
    pub(crate) fn record_count(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let named: Option<Vec<&str>> = call.param("sObjects").map(|list| list.split(',').map(str::trim).collect());
        let wanted = |name: &str| {
            named.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
        };
        let objects = self.schema.objects.iter().enumerate().filter(|(_, object)| wanted(object.name));
        // An object whose records are all in the bin is counted as zero; one that never had any is left out.
        let counted = objects.filter(|(index, _)| self.store.rows(*index).next().is_some());
        let count = |index| self.store.rows(index).filter(|row| !row.is_deleted()).count();
        let counts: Vec<Json> =
            counted.map(|(index, object)| json!({"count": count(index), "name": object.name})).collect();
        Ok(Answer::ok(json!({"sObjects": counts})))
    }
}
