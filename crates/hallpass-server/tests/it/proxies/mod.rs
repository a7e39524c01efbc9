//! Real proxies, each with the very configuration that `hallpass proxy-config` prints, in front of a real application.

mod acts;
mod application;
mod front;
mod http;

/// The same acts for each proxy.
macro_rules! fronts {
    ($($module:ident: $kind:expr),+ $(,)?) => {$(
        mod $module {
            use super::acts;
            use super::front::{Front, Kind};

            async fn front() -> Option<Front> {
                Front::start($kind).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn somebody_who_signed_in_reaches_the_application_under_their_name() {
                let Some(front) = front().await else { return };
                acts::signed_in(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn whoever_did_not_sign_in_reaches_nothing() {
                let Some(front) = front().await else { return };
                acts::signed_out(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn an_expired_session_reaches_nothing() {
                let Some(front) = front().await else { return };
                acts::expired(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_step_up_is_asked_for_and_counts() {
                let Some(front) = front().await else { return };
                acts::step_up(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn while_the_store_is_down_nobody_gets_in_or_is_logged_out() {
                let Some(front) = front().await else { return };
                acts::store_down(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn while_the_service_is_down_nobody_gets_in() {
                let Some(front) = front().await else { return };
                acts::service_down(front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn identity_headers_of_the_clients_own_arrive_in_no_spelling() {
                let Some(front) = front().await else { return };
                acts::spoofed_identity(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn forwarding_headers_of_the_clients_own_choose_no_rule() {
                let Some(front) = front().await else { return };
                acts::spoofed_forwarding(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_host_in_mixed_case_is_the_same_host() {
                let Some(front) = front().await else { return };
                acts::mixed_case(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn no_encoded_path_gets_past_its_rule() {
                let Some(front) = front().await else { return };
                acts::encoded_paths(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_token_that_is_due_is_renewed_on_the_way() {
                let Some(front) = front().await else { return };
                acts::renewal(&front).await;
            }
        }
    )+};
}

fronts! {
    nginx: Kind::Nginx,
    haproxy: Kind::Haproxy,
    caddy: Kind::Caddy,
    envoy: Kind::Envoy,
    envoy_grpc: Kind::EnvoyGrpc,
}
