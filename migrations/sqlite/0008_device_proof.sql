-- Device proofs that were sent, as long as their nonces count: each works once.
CREATE TABLE device_proof (
    nonce_window INTEGER NOT NULL,
    proof BLOB NOT NULL,
    PRIMARY KEY (nonce_window, proof)
) STRICT, WITHOUT ROWID;
