//! Is every question of a batch answered with a permission? Found without building the answer, of which a hundred
//! decisions are most of the work of a load that has one core. Whom they are about is seen in those that are read whole.

use anyhow::{Context as _, Result, bail, ensure};

/// One field of a message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Counts the results (field 1) whose decision (field 1) has the verdict (field 2) that stands for a permission, of these
/// categories (field 3).
///
/// # Errors
/// Fails where the answer is cut off, or has no receipt (field 2).
pub(crate) fn permissions(answer: &[u8], categories: &[u8]) -> Result<u64> {
    let (mut count, mut has_receipt) = (0, false);
    each(answer, |field, value| {
        let Value::Bytes(result) = value else { return Ok(()) };
        has_receipt |= field == 2 && !result.is_empty();
        if field != 1 {
            return Ok(());
        }
        each(result, |field, value| {
            if let (1, Value::Bytes(decision)) = (field, value) {
                count += u64::from(is_permission(decision, categories)?);
            }
            Ok(())
        })
    })?;
    ensure!(has_receipt, "there is no receipt");
    Ok(count)
}

fn is_permission(decision: &[u8], categories: &[u8]) -> Result<bool> {
    let (mut verdict, mut permitted) = (0, false);
    each(decision, |field, value| {
        match (field, value) {
            (2, Value::Number(number)) => verdict = number,
            (3, Value::Bytes(packed)) => permitted = packed == categories,
            _ => {}
        }
        Ok(())
    })?;
    Ok(verdict == 1 && permitted)
}

fn each<'a>(mut rest: &'a [u8], mut look: impl FnMut(u64, Value<'a>) -> Result<()>) -> Result<()> {
    while !rest.is_empty() {
        let key = number(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut rest)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?)?;
                let (bytes, behind) = rest.split_at_checked(length).context("a field is cut off")?;
                rest = behind;
                Value::Bytes(bytes)
            }
            other => bail!("wire type {other} is not in such an answer"),
        };
        look(key >> 3, value)?;
    }
    Ok(())
}

fn number(rest: &mut &[u8]) -> Result<u64> {
    let mut found = 0;
    for place in 0..10 {
        let (byte, behind) = rest.split_first().context("a number is cut off")?;
        *rest = behind;
        found |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(found);
        }
    }
    bail!("a number is too long")
}

#[cfg(test)]
mod tests {
    use polku_proto::v1::decision::Verdict;
    use polku_proto::v1::verify_consent_result::Result as Answer;
    use polku_proto::v1::{AuditReceipt, BatchVerifyConsentsResponse, Decision, VerifyConsentResult};
    use prost::Message as _;

    use super::permissions;

    #[test]
    fn permissions_are_counted_as_the_contract_has_them() {
        let decision = |verdict: Verdict, permitted: &[i32]| VerifyConsentResult {
            result: Some(Answer::Decision(Decision {
                id: "an id".into(),
                verdict: verdict as i32,
                permitted: permitted.to_vec(),
                policy_digest: vec![1; 32],
                revision: u64::MAX,
                ..Decision::default()
            })),
        };
        let answer = BatchVerifyConsentsResponse {
            results: vec![
                decision(Verdict::Permitted, &[2, 5]),
                decision(Verdict::NotPermitted, &[2, 5]),
                decision(Verdict::Permitted, &[2]),
                VerifyConsentResult::default(),
                decision(Verdict::Permitted, &[2, 5]),
            ],
            receipt: Some(AuditReceipt { sequence: 300, leaf_hash: vec![0xff; 32] }),
        };
        let bytes = answer.encode_to_vec();
        assert_eq!(permissions(&bytes, &[2, 5]).unwrap(), 2);
        assert!(permissions(&bytes[..bytes.len() - 1], &[2, 5]).is_err());
        let without = BatchVerifyConsentsResponse { receipt: None, ..answer }.encode_to_vec();
        assert!(permissions(&without, &[2, 5]).is_err());
    }
}
