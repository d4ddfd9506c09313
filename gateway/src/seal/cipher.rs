//! How are bytes encrypted and authenticated under one key?

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{KEY_BYTES, SealError, random_bytes};

/// A nonce goes before what it seals.
pub(super) const NONCE_BYTES: usize = NONCE_LEN;

/// A tag goes behind it.
pub(super) const TAG_BYTES: usize = 16;

/// Gives nonce, ciphertext and tag. A key is good for 2^32 calls: its nonces are random (SP 800-38D, 8.3).
pub(super) fn seal(secret: &[u8; KEY_BYTES], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_BYTES] = random_bytes()?;
    let mut sealed = Vec::with_capacity(NONCE_BYTES + plain.len() + TAG_BYTES);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let (_, body) = sealed.split_at_mut_checked(NONCE_BYTES).ok_or(SealError::Failed)?;
    let tag = key(secret)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), body)
        .map_err(|_| SealError::Failed)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Gives back what was sealed under the same key with the same context.
pub(super) fn open(secret: &[u8; KEY_BYTES], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut opened = sealed.to_vec();
    let length = open_in_place(secret, context, &mut opened)?.len();
    opened.drain(..NONCE_BYTES);
    opened.truncate(length);
    Ok(opened)
}

/// The same without a copy.
pub(super) fn open_in_place<'a>(
    secret: &[u8; KEY_BYTES],
    context: &[u8],
    sealed: &'a mut [u8],
) -> Result<&'a [u8], SealError> {
    let (nonce, body) = sealed.split_first_chunk_mut::<NONCE_BYTES>().ok_or(SealError::NotAuthentic)?;
    let opened = key(secret)?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), body);
    Ok(opened.map_err(|_| SealError::NotAuthentic)?)
}

/// Prepared anew for every call: `ring` does not wipe its prepared keys, so none of them is kept.
fn key(secret: &[u8; KEY_BYTES]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, secret).map(LessSafeKey::new).map_err(|_| SealError::Failed)
}
