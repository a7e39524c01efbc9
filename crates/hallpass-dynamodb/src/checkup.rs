use aws_sdk_dynamodb::types::{
    BillingMode, ContinuousBackupsStatus, PointInTimeRecoveryStatus, ProvisionedThroughputDescription as Units,
    TableDescription, TimeToLiveStatus,
};
use hallpass::{Checkup, Finding, Timestamp};

use crate::base::Base;
use crate::error::Fault;
use crate::keys::{FORGET_AT, Key};
use crate::{item, schema};

/// Looks at the table: its keys, its price, and what it is protected from.
pub(crate) async fn checkup(base: &Base) -> Result<Checkup, Fault> {
    let table = base.in_time(schema::describe(&base.client, &base.table)).await?;
    let mut checkup = Checkup::default();
    checkup.server = Some("DynamoDB".to_owned());
    checkup.findings.push(match schema::check(&table) {
        Ok(()) => Finding::good("table", format!("{}, with the keys and the index that are to be there", base.table)),
        Err(fault) => Finding::danger("table", fault.to_string(), "make it as the page of the store says"),
    });
    checkup.findings.push(billing(&table));
    checkup.findings.push(expiry(base).await);
    checkup.findings.push(protection(&table));
    checkup.findings.push(recovery(base).await);
    Ok(checkup)
}

fn billing(table: &TableDescription) -> Finding {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if mode == Some(&BillingMode::PayPerRequest) {
        return Finding::good("capacity", "paid by use: it grows by itself");
    }
    let units = table.provisioned_throughput();
    let [read, write] = [units.and_then(Units::read_capacity_units), units.and_then(Units::write_capacity_units)]
        .map(Option::unwrap_or_default);
    let found = format!("{read} reads and {write} writes a second, and what is more is refused as unavailable");
    Finding::warning("capacity", found, "let it scale by itself, or set BillingMode to PAY_PER_REQUEST")
}

async fn expiry(base: &Base) -> Finding {
    const TOPIC: &str = "expiry";
    let asked = base.read(|| base.client.describe_time_to_live().table_name(&base.table).send()).await;
    let description = match asked {
        Ok(answer) => answer.time_to_live_description,
        Err(fault) => return not_told(TOPIC, &fault, "allow dynamodb:DescribeTimeToLive"),
    };
    let status = description.as_ref().and_then(|description| description.time_to_live_status());
    let attribute = description.as_ref().and_then(|description| description.attribute_name());
    match (status, attribute) {
        (Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling), Some(FORGET_AT)) => {
            Finding::good(TOPIC, "what nobody sweeps is removed a day after it is over")
        }
        (Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling), other) => {
            let found = format!("the table expires by {}, which is none of ours", other.unwrap_or("another attribute"));
            Finding::danger(TOPIC, found, "set TimeToLiveSpecification to the attribute forget_at")
        }
        _ => Finding::warning(TOPIC, "time to live is off: only sweeps remove what is over", "enable it for forget_at"),
    }
}

fn protection(table: &TableDescription) -> Finding {
    if table.deletion_protection_enabled() == Some(true) {
        Finding::good("deletion", "the table is protected")
    } else {
        Finding::warning("deletion", "one command can delete the table", "set DeletionProtectionEnabled")
    }
}

async fn recovery(base: &Base) -> Finding {
    const TOPIC: &str = "recovery";
    let asked = base.read(|| base.client.describe_continuous_backups().table_name(&base.table).send()).await;
    let description = match asked {
        Ok(answer) => answer.continuous_backups_description,
        Err(fault) => return not_told(TOPIC, &fault, "allow dynamodb:DescribeContinuousBackups"),
    };
    let is_on = description.is_some_and(|backups| {
        *backups.continuous_backups_status() == ContinuousBackupsStatus::Enabled
            && backups
                .point_in_time_recovery_description()
                .and_then(|recovery| recovery.point_in_time_recovery_status())
                == Some(&PointInTimeRecoveryStatus::Enabled)
    });
    if is_on {
        Finding::good(TOPIC, "the table can be had as it was at any moment of the last days")
    } else {
        let found = "the table cannot be had as it was at an earlier moment";
        Finding::warning(TOPIC, found, "enable point-in-time recovery; end all sessions after you restored")
    }
}

fn not_told(topic: &'static str, fault: &Fault, advice: &'static str) -> Finding {
    Finding::warning(topic, format!("the service does not tell: {fault}"), advice)
}

/// Asks for something that is not there, and reads the date of the answer.
pub(crate) async fn time(base: &Base) -> Result<Option<Timestamp>, Fault> {
    let key = item::keyed(&Key::setting("no-such-setting"));
    base.read(|| base.client.get_item().table_name(&base.table).set_key(Some(key.clone())).send()).await?;
    Ok(base.now())
}
