-- Device proofs that were sent, as long as their nonces count: each works once.
CREATE TABLE device_proof (
    nonce_window BIGINT NOT NULL,
    proof UUID NOT NULL,
    PRIMARY KEY (nonce_window, proof)
);
