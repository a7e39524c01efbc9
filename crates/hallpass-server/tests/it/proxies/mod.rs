//! Real proxies, each with the very configuration that `hallpass proxy-config` prints, in front of a real application.

mod acts;
mod application;
mod attacks;
mod front;
mod http;

/// The same acts for each proxy.
macro_rules! fronts {
    ($($module:ident: $kind:expr),+ $(,)?) => {$(
        mod $module {
            use super::{acts, attacks};
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
            async fn another_host_reaches_nothing_past_the_rules_of_this_one() {
                let Some(front) = front().await else { return };
                attacks::other_host(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_connection_becomes_a_websocket_and_nothing_else() {
                let Some(front) = front().await else { return };
                attacks::upgrades(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn headers_that_stand_for_another_address_do_not_arrive() {
                let Some(front) = front().await else { return };
                attacks::other_address(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn browsers_reach_no_more_of_the_service_than_renewal() {
                let Some(front) = Front::without_rules($kind).await else { return };
                attacks::service_behind(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_application_gets_every_cookie_but_ours_where_that_is_asked_for() {
                let Some(front) = Front::taking_cookie($kind).await else { return };
                attacks::taken_cookie(&front).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_long_address_is_no_outage() {
                let Some(front) = front().await else { return };
                attacks::long_address(&front).await;
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
